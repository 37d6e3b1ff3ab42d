/** Below this share of the limit, an old backlog is young again. */
const YOUNG_SHARE = 1 / 2;

/**
 * The gap between old and young keeps a backlog near the limit from being reported again and again.
 *
 * @param ageMs how long its oldest delivery has been due
 * @param oldMs the age from which it is old
 */
export function judgeBacklog(isOld: boolean, ageMs: number, oldMs: number): 'became_old' | 'became_young' | null {
  if (!isOld && ageMs >= oldMs) return 'became_old';
  if (isOld && ageMs < oldMs * YOUNG_SHARE) return 'became_young';
  return null;
}
