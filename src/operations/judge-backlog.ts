/** Of the age at which a backlog is old: below it, it is young again. In between it is what it was. */
const YOUNG_SHARE = 1 / 2;

/**
 * What a look at the backlog changes. Between old and young lies room, so that one that stays near the limit is told of
 * once.
 *
 * @param ageMs how long its oldest delivery has been due
 * @param oldMs the age from which it is old
 */
export function judgeBacklog(isOld: boolean, ageMs: number, oldMs: number): 'became_old' | 'became_young' | null {
  if (!isOld && ageMs >= oldMs) return 'became_old';
  if (isOld && ageMs < oldMs * YOUNG_SHARE) return 'became_young';
  return null;
}
