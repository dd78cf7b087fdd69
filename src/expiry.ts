/** One week, as the API documents it. */
export const DEFAULT_EXPIRE_AFTER = 7 * 24 * 60 * 60 * 1000;

/**
 * The first millisecond in which a job that finished at `completedAt` is no longer visible. Fixed when the job
 * finishes; a later change of the setting does not move it.
 */
export function expiresAt(
  completedAt: number,
  kindExpireAfter: number | undefined,
  expireAfter: number,
): number {
  return completedAt + (kindExpireAfter ?? expireAfter);
}
