import type { Refusal } from './refusal.js'

/** Refusals that a rule of the application has returned or thrown. */
const stated = new WeakSet<Refusal>()

/** Marks a refusal of the application, which is used as it is: the same object, with the properties of its subclass. */
export function markStated(refusal: Refusal): Refusal {
  stated.add(refusal)
  return refusal
}

/** Whether a rule of the application has stated the refusal. */
export function isStated(refusal: Refusal): boolean {
  return stated.has(refusal)
}
