export async function checkServers(..._a: unknown[]): Promise<void> {}
