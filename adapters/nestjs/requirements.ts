import { ConfigurationError } from '../../src/options/configuration-error.js'
import type { Policy } from '../../src/policy/policy.js'

/** A class, or a function that handles requests. */
// The type that Nest uses for both.
// eslint-disable-next-line @typescript-eslint/no-unsafe-function-type
export type Target = Function

/** A method with a decorator of this package. */
export interface Member {
  readonly name: string | symbol
  /** The function that was decorated. A later decorator may have replaced it. */
  readonly handler: Target
}

// Metadata and not a `WeakMap`, because decorators that wrap a method copy its metadata. The keys are shared by all copies
// of the package, because one may decorate and another guard.
const POLICIES = Symbol.for('m2m-guard@0/nestjs-policies')
const PUBLIC = Symbol.for('m2m-guard@0/nestjs-public')
const MEMBERS = Symbol.for('m2m-guard@0/nestjs-members')

/** The part of reflect-metadata that is used here. Nest loads it. */
interface Metadata {
  readonly defineMetadata: (key: unknown, value: unknown, target: object) => void
  readonly getOwnMetadata: (key: unknown, target: object) => unknown
  readonly getMetadata: (key: unknown, target: object) => unknown
  readonly hasMetadata: (key: unknown, target: object) => boolean
}
export const metadata = Reflect as unknown as Metadata

/** Adds a policy to a class or a handler. */
export function addPolicy(decorator: string, target: Target, policy: Policy): void {
  refuseBoth(decorator, isDeclaredPublic(target))
  metadata.defineMetadata(POLICIES, [...ownPolicies(target), policy], target)
}

/** Declares a class or a handler public. */
export function declarePublic(decorator: string, target: Target): void {
  refuseBoth(decorator, ownPolicies(target).length > 0)
  metadata.defineMetadata(PUBLIC, true, target)
}

/** @throws ConfigurationError if a target is public and has a requirement. */
function refuseBoth(decorator: string, isContradiction: boolean): void {
  if (isContradiction)
    throw new ConfigurationError(
      decorator,
      'contradicts another decorator: @Public() cannot be combined with @Scopes() or @RequirePolicy() on the same class or method. Remove one of them',
    )
}

/** Stores which methods of a class have decorators, so that they can be checked at start. */
export function addMember(type: Target, member: Member): void {
  metadata.defineMetadata(MEMBERS, [...membersOf(type), member], type)
}

/** Returns the decorated methods of a class, without those of its superclasses. */
export function membersOf(type: Target): readonly Member[] {
  return (metadata.getOwnMetadata(MEMBERS, type) as readonly Member[] | undefined) ?? []
}

/** Returns the policies of a class or handler, without those of superclasses. */
export function ownPolicies(target: Target): readonly Policy[] {
  return (metadata.getOwnMetadata(POLICIES, target) as readonly Policy[] | undefined) ?? []
}

/** Whether a class or handler has a decorator of this package that requires something or makes it public. */
export function isDecorated(target: Target): boolean {
  return isDeclaredPublic(target) || ownPolicies(target).length > 0
}

function isDeclaredPublic(target: Target): boolean {
  return metadata.getOwnMetadata(PUBLIC, target) === true
}

/** Returns a class and its superclasses. */
export function withSuperclasses(type: Target): readonly Target[] {
  const types: Target[] = []
  for (let current: unknown = type; isClass(current); current = Object.getPrototypeOf(current))
    types.push(current)
  return types
}

function isClass(value: unknown): value is Target {
  return typeof value === 'function' && value !== Function.prototype
}

/**
 * Whether a handler is public: it is declared public, or its class is and the handler has no requirement. A requirement of a
 * class does not apply to a handler that is declared public.
 */
export function isPublic(type: Target, handler: Target): boolean {
  if (isDeclaredPublic(handler)) return true
  if (ownPolicies(handler).length > 0) return false
  // The nearest class with a decorator decides, as with metadata that a class of Nest inherits.
  const nearest = withSuperclasses(type).find(isDecorated)
  return nearest !== undefined && isDeclaredPublic(nearest)
}

/** Returns the policies of a handler: those of its class, of the superclasses, and its own. */
export function policiesOf(type: Target, handler: Target): readonly Policy[] {
  return [...[...withSuperclasses(type)].reverse().flatMap(ownPolicies), ...ownPolicies(handler)]
}
