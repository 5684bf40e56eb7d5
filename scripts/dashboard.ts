// The Grafana dashboard in deploy/grafana/dashboards/keyhold.json, made from the panels of dashboard-panels.ts.

import {
  LegendDisplayMode,
  LegendPlacement,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { PANEL_ROWS, type PanelText } from "./dashboard-panels.ts";

const SOURCE = { type: "prometheus", uid: "$datasource" };
/** Of the 24 columns that Grafana has. */
const PANEL_COLUMNS = 8;
const PANEL_LINES = 8;

/** The whole file. */
export function renderDashboard(): string {
  const builder = new DashboardBuilder("Keyhold")
    .uid("keyhold")
    .description("Requests, store, watchers and process of Keyhold servers.")
    .tags(["keyhold"])
    .refresh("30s")
    .time({ from: "now-1h", to: "now" })
    .timezone("browser")
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder("datasource").label("Source").type("prometheus"))
    .withVariable(
      new QueryVariableBuilder("instance")
        .label("Server")
        .datasource(SOURCE)
        .query("label_values(keyhold_build_info, instance)")
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .multi(true)
        .includeAll(true)
        .allValue(".*"),
    );
  let id = 0;
  for (const { title, panels } of PANEL_ROWS) {
    builder.withRow(new RowBuilder(title).id(++id));
    for (const panel of panels) builder.withPanel(toPanel(panel, ++id));
  }
  return `${JSON.stringify(builder.build(), null, 2)}\n`;
}

function toPanel({ title, description, unit, queries }: PanelText, id: number): PanelBuilder {
  const panel = new PanelBuilder()
    .id(id)
    .title(title)
    .description(description)
    .datasource(SOURCE)
    .unit(unit)
    .min(0)
    .span(PANEL_COLUMNS)
    .height(PANEL_LINES)
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    );
  for (const [index, { expression, legend }] of queries.entries()) {
    panel.withTarget(
      new DataqueryBuilder()
        .refId(String.fromCharCode("A".charCodeAt(0) + index))
        .datasource(SOURCE)
        .expr(expression)
        .legendFormat(legend),
    );
  }
  return panel;
}
