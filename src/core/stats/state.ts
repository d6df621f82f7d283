// What does an analysis remember between two looks?

/** Plain JSON of bounded size; only `look` and `beginJudgement` make a new one. */
export interface AnalysisState {
  readonly version: 1;
  readonly looks: number;
}
