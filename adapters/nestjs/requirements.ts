import { ConfigurationError } from '../../src/options/configuration-error.js'
import type { Policy } from '../../src/policy/policy.js'

/** A class, or a function that handles requests. */
// The type that Nest uses for both.
// oxlint-disable-next-line typescript/no-unsafe-function-type
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
// These functions are declared by reflect-metadata, on which this package does not depend.
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

/** Whether a class or handler itself has `@Public()`. */
export function isDeclaredPublic(target: Target): boolean {
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

/** Property of every guard of this package. Shared by all copies of the package. */
export const GUARD_MARK = Symbol.for('m2m-guard@0/nestjs-guard')

/** Nest's key of the guards of a class or handler. */
export const GUARDS_METADATA = '__guards__'

/** Whether `@UseGuards()` on a class or handler itself, and not on a superclass, names a guard of this package. */
export function hasOwnGuard(target: Target): boolean {
  const inherited = listOf(metadata.getMetadata(GUARDS_METADATA, Object.getPrototypeOf(target) as object))
  // Nest copies the guards of the superclass to the start of the list.
  return listOf(metadata.getOwnMetadata(GUARDS_METADATA, target)).slice(inherited.length).some(isGuard)
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : []
}

function isGuard(guard: unknown): boolean {
  const instance: unknown = typeof guard === 'function' ? guard.prototype : guard
  return typeof instance === 'object' && instance !== null && GUARD_MARK in instance
}

/** Returns the methods of superclasses that a handler overrides. */
export function overriddenBy(type: Target, handler: Target): readonly Target[] {
  const prototypes = withSuperclasses(type).map((one) => prototypeOf(one))
  const holder = prototypes.findIndex((prototype) => keyOf(prototype, handler) !== undefined)
  const prototype = prototypes[holder]
  const key = prototype === undefined ? undefined : keyOf(prototype, handler)
  if (key === undefined) return []
  return prototypes
    .slice(holder + 1)
    .map((one) => Object.getOwnPropertyDescriptor(one, key)?.value as unknown)
    .filter(isClass)
}

export function prototypeOf(type: Target): object {
  return (type as { readonly prototype: object }).prototype
}

function keyOf(prototype: object, handler: Target): string | symbol | undefined {
  return Reflect.ownKeys(prototype).find(
    (key) => Object.getOwnPropertyDescriptor(prototype, key)?.value === handler,
  )
}

/** Whether handlers are public, by handler and class. Decorators cannot change after the first request. */
const isPublicByHandler = new WeakMap<Target, WeakMap<Target, boolean>>()

/**
 * Whether a handler is public: it is declared public, or its class is and the handler has neither a requirement nor a guard.
 * A requirement of a class does not apply to a handler that is declared public. A guard on the same class or handler as
 * `@Public()` decides, so that a contradiction opens nothing.
 *
 * The metadata of a handler is read once, because that takes longer than the decision about a cached token.
 */
export function isPublic(type: Target, handler: Target): boolean {
  let byType = isPublicByHandler.get(handler)
  if (byType === undefined) isPublicByHandler.set(handler, (byType = new WeakMap()))
  let isFound = byType.get(type)
  if (isFound === undefined) byType.set(type, (isFound = readsPublic(type, handler)))
  return isFound
}

function readsPublic(type: Target, handler: Target): boolean {
  if (hasOwnGuard(handler)) return false
  if (isDeclaredPublic(handler)) return true
  return (
    isPublicClass(type) &&
    [handler, ...overriddenBy(type, handler)].every((one) => ownPolicies(one).length === 0)
  )
}

/** The nearest class with a decorator or a guard decides, as with metadata that a class of Nest inherits. */
function isPublicClass(type: Target): boolean {
  const nearest = withSuperclasses(type).find((one) => isDecorated(one) || hasOwnGuard(one))
  return nearest !== undefined && isDeclaredPublic(nearest) && !hasOwnGuard(nearest)
}

/** Returns the policies of a handler: those of its class, of the superclasses, of the methods it overrides, and its own. */
export function policiesOf(type: Target, handler: Target): readonly Policy[] {
  const methods = [handler, ...overriddenBy(type, handler)]
  return [...withSuperclasses(type).toReversed(), ...methods.toReversed()].flatMap(ownPolicies)
}
