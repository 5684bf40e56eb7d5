-- Sixteen requests at a time on each connection of wrk.
init = function(args)
  local requests = {}
  for index = 1, 16 do
    requests[index] = wrk.format("GET")
  end
  pipelined = table.concat(requests)
end

request = function()
  return pipelined
end
