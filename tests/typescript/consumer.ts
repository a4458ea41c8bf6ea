// A client of the contract. Where a line is expected to be an error and is none, the compiler says so.

import { FEATURES } from "./features.js";
import type {
  CandidateFeatures,
  ContextFeatures,
  Envelope,
  FeatureName,
  FeatureValues,
  ProfileAnswer,
  ProfileFeatures,
  Status,
} from "./features.js";

// A profile, as `GET /users/{id}/profile` answers it.
export function ofProfile(answer: ProfileAnswer): number {
  const rate: Envelope<number> = answer.features.completion_rate_30d;
  const dwell: number | null = answer.features.mean_dwell_ms_30d.value;
  const computed: string | null = rate.computed_at;
  const unknown: boolean = computed === null || rate.status === "missing";
  // @ts-expect-error: its fallback is null, and so it may be
  const certain: number = answer.features.mean_dwell_ms_30d.value;
  // @ts-expect-error: a number
  const text: string = rate.value;
  // @ts-expect-error: no status has that name
  const lost: boolean = rate.status === "lost";
  // @ts-expect-error: no feature has that name
  answer.features.completion_rate;
  // @ts-expect-error: derived at each request, and in no profile
  answer.features.hour_of_day;
  return unknown || text.length || lost ? (dwell ?? certain) : rate.value;
}

// What `POST /score` takes.
const profile: ProfileFeatures = { completion_rate_30d: 0.4, mean_dwell_ms_30d: null };
const context: ContextFeatures = { hour_of_day: 9, day_of_week: 0 };
const candidate: CandidateFeatures & { id: string } = {
  id: "k1",
  is_overdue: true,
  task_age_days: 12.5,
  priority: 4,
};
export const request = { user_id: "ada", candidates: [candidate], context, profile_features: profile };

// @ts-expect-error: never null, for its fallback is not
export const never: ProfileFeatures = { completion_rate_30d: null };
// @ts-expect-error: a number
export const wrong: ProfileFeatures = { completion_rate_30d: "0.4" };
// @ts-expect-error: a misspelt name
export const misspelt: ProfileFeatures = { completion_rate_30: 0.4 };
// @ts-expect-error: a feature of the moment
export const misplaced: ProfileFeatures = { hour_of_day: 9 };
// @ts-expect-error: true or false
export const numbered: CandidateFeatures = { is_overdue: 1, task_age_days: 1, priority: 1 };
// @ts-expect-error: a candidate has all of them
export const bare: CandidateFeatures = { is_overdue: true };

// All values by name, and what is declared of each.
export const tasks: FeatureValues["tasks"] = [{ id: "k1", due: null, priority: 4 }];
// @ts-expect-error: no JSON value
export const callable: FeatureValues["tasks"] = () => 1;
export const status: Status = "stale";
export const ttl: 21600 = FEATURES.completion_rate_30d.ttl_sec;
export const nothing: null = FEATURES.mean_dwell_ms_30d.fallback;
export const freshness: { [Name in FeatureName]: "batched" | "jit" } = {
  ...(Object.fromEntries(
    Object.values(FEATURES).map((each) => [each.name, each.freshness]),
  ) as { [Name in FeatureName]: "batched" | "jit" }),
};
export const named: FeatureName[] = Object.values(FEATURES).map((each) => each.name);
// @ts-expect-error: the table is constant
FEATURES.completion_rate_30d.ttl_sec = 1;
