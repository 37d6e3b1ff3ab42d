/** Share of the age at which a backlog is old: below it, the backlog is young again. In between it keeps its state. */
const YOUNG_SHARE = 1 / 2;

/**
 * What a check of the backlog changes. There is a gap between old and young, so that a backlog near the limit is
 * reported once.
 *
 * @param ageMs how long its oldest delivery has been due
 * @param oldMs the age from which it is old
 */
export function judgeBacklog(isOld: boolean, ageMs: number, oldMs: number): 'became_old' | 'became_young' | null {
  if (!isOld && ageMs >= oldMs) return 'became_old';
  if (isOld && ageMs < oldMs * YOUNG_SHARE) return 'became_young';
  return null;
}
