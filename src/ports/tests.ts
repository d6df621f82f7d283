// Where is told what the users of an A/B test did?
import type { RunningTest } from "../core/ab/running.ts";
import type { UserEvent } from "../core/ab/events.ts";
import type { TestReading } from "../core/engine/state.ts";
import type { Ms } from "../core/units.ts";
import type { RunningPool } from "../core/world.ts";
import type { Call, Observed } from "./observed.ts";

/** A test that is asked about, and who runs. */
export interface TestAsked {
  readonly test: RunningTest;
  readonly pools: readonly RunningPool[];
}

/** Reads what a test says now. */
export interface TestSource {
  /**
   * Takes in what is new, a bounded part of it at each call, and judges. `absent` while nobody counts yet. What a call has
   * taken in is kept: it is not counted again after a restart.
   */
  read(asked: TestAsked, call: Call): Promise<Observed<TestReading>>;
}

/** Names a test. A service that was taken down counts its rollouts from 1 again: the start tells them apart. */
export type TestName = Pick<RunningTest, "service" | "rollout" | "startedMs">;

/** What became of events. */
export interface Taken {
  readonly taken: number;
  /** Those whose id was there already. */
  readonly repeated: number;
}

/** Keeps what is told of users. */
export interface TestEvents {
  /** All of them or, with an error, none. Taken means written. Only of tests whose conversions are events. */
  take(test: RunningTest, events: readonly UserEvent[], receivedMs: Ms): Promise<Taken>;
  /** Tests that are not under way have ended; what ended long ago is forgotten. */
  tidy(underWay: readonly TestName[], nowMs: Ms): Promise<void>;
}
