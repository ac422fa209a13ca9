import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { LookMeasure } from "./delivery/worker.ts";
import { type Call, pointsOf, type Quota } from "./github/usage.ts";

/** What happened, told as it happens; and all of it as Prometheus reads it. */
type Metrics = {
  readonly delivery: (event: string, outcome: string) => void;
  readonly refused: (status: number) => void;
  readonly call: (call: Call) => void;
  /** GitHub was told of a deployment that it is approved, rejected, observed or why it is waiting; or it is gone. */
  readonly deployed: (outcome: string) => void;
  readonly looked: (look: LookMeasure) => void;
  readonly bypassed: () => void;
  /** Reads what is only known when it is asked for, and returns the text and its content type. */
  readonly render: (state: MetricsState) => Promise<{ readonly text: string; readonly type: string }>;
};

export type MetricsState = {
  /** Null while the store cannot be read. */
  readonly looks: { readonly marks: number; readonly oldestMarkMs: number; readonly failing: number } | null;
  readonly quotas: readonly Quota[];
  readonly waitingInstallations: number;
};

/** A look takes one round trip or some, a large one seconds. */
const seconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Counters of one server; every replica has its own. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Counter({ name: `countersign_${name}`, help, labelNames, registers });
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name: `countersign_${name}`, help, labelNames, registers });
  const histogram = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Histogram({ name: `countersign_${name}`, help, labelNames, buckets: seconds, registers });
  const deliveries = counter("deliveries_total", "Deliveries by event and what became of them.", [
    "event",
    "outcome",
  ]);
  const refusals = counter(
    "refused_deliveries_total",
    "Deliveries that were not taken, by the status answered.",
    ["status"],
  );
  const calls = counter("api_calls_total", "Requests to GitHub by kind and status.", ["kind", "status"]);
  const points = counter("api_points_total", "Points of GitHub's secondary limits by kind.", ["kind"]);
  const verdicts = counter("verdicts_total", "Published verdicts by kind.", ["verdict"]);
  const deployments = counter("deployments_total", "Deployments by what GitHub was told, or gone.", [
    "outcome",
  ]);
  const bypasses = counter("bypasses_total", "What landed without the countersignature it needed.", []);
  const phases = histogram("look_seconds", "Duration of looks by phase.", ["phase"]);
  const toCheck = histogram("delivery_to_check_seconds", "From a delivery to the check run it led to.");
  const marks = gauge("marks", "Targets that wait for a look.");
  const oldest = gauge("oldest_mark_seconds", "How long the look that is due longest has waited.");
  const failing = gauge("failing_marks", "Targets whose last look failed.");
  const quotaLeft = gauge("quota_left", "Requests or points left for this hour, as GitHub said last.", [
    "installation",
    "resource",
  ]);
  const waiting = gauge("waiting_installations", "Installations whose looks wait for GitHub.");
  return {
    delivery: (event, outcome) => deliveries.inc({ event, outcome }),
    refused: (status) => refusals.inc({ status: String(status) }),
    call: ({ kind, status }) => {
      calls.inc({ kind, status: status === null ? "none" : String(status) });
      points.inc({ kind }, pointsOf[kind]);
    },
    deployed: (outcome) => deployments.inc({ outcome }),
    looked: ({ verdict, phases: durations, sinceDeliveryMs }) => {
      verdicts.inc({ verdict });
      for (const [phase, ms] of Object.entries(durations)) phases.observe({ phase }, ms / 1000);
      if (sinceDeliveryMs !== null) toCheck.observe(sinceDeliveryMs / 1000);
    },
    bypassed: () => bypasses.inc(),
    render: async (state) => {
      show(marks, state.looks && state.looks.marks);
      show(oldest, state.looks && state.looks.oldestMarkMs / 1000);
      show(failing, state.looks && state.looks.failing);
      waiting.set(state.waitingInstallations);
      for (const { installation, resource, remaining } of state.quotas)
        quotaLeft.set({ installation, resource }, remaining);
      return { text: await registry.metrics(), type: registry.contentType };
    },
  };
}

/** A gauge of which nothing is known is left out: 0 would be a lie. */
function show(gauge: Gauge, value: number | null): void {
  if (value === null) gauge.remove();
  else gauge.set(value);
}
