// Which zone is looked at when: the same as `school/observing/rota.py`.

/**
 * @typedef {{ zones: string[], look_s: number, every_s: number }} Plan
 * @typedef {{ zone: string, start: number, end: number }} Turn  In seconds of the lesson.
 */

/**
 * The look that is on at a second, or whose answer is due.
 * @param {Plan} plan @param {number} second @param {number} length @returns {Turn | null}
 */
export function turnAt(plan, second, length) {
  if (second < 0 || !plan.zones.length) return null;
  const place = Math.floor(second / plan.every_s);
  const start = place * plan.every_s;
  if (start + plan.look_s > length) return null;
  return { zone: plan.zones[place % plan.zones.length], start, end: start + plan.look_s };
}
