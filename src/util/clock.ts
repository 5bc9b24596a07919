/**
 * The two clocks a guard needs. What a token says about itself (`exp`, `iat`) is compared with the time
 * of day; what we decide ourselves (lifetimes of remembered answers, pauses) runs on elapsed time, so
 * that a time of day that jumps back prolongs nothing.
 */
export interface Clock {
  /** The time of day, in seconds since the epoch, with fractions. */
  now(): number
  /** Seconds elapsed since some fixed moment; never runs backwards. */
  elapsed(): number
}
