/** A moment, in whole or fractional seconds since the epoch. */
export type EpochSeconds = number

/** The members of an answer: what a vendor leaves out or sends in another type is undefined here. */
type Members = Readonly<Record<string, unknown>>

/** A member that is a text. */
export function text(members: Members, name: string): string | undefined {
  const value = own(members, name)
  return typeof value === 'string' ? value : undefined
}

/** A member that is a text with something in it. */
export function filledText(members: Members, name: string): string | undefined {
  const value = text(members, name)
  return value === '' ? undefined : value
}

/** A member that is a finite number. */
export function number(members: Members, name: string): number | undefined {
  const value = own(members, name)
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** A member that is a list, with only the texts in it; empty if it is none. */
export function texts(members: Members, name: string): readonly string[] {
  const value = own(members, name)
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

/** A member in milliseconds since the epoch, as seconds. */
export function secondsFromMilliseconds(members: Members, name: string): EpochSeconds | undefined {
  const value = number(members, name)
  return value === undefined ? undefined : value / 1000
}

/** A member that is an object. */
export function record(members: Members, name: string): Members | undefined {
  const value = own(members, name)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined
}

/** A member that is a list of objects; undefined if it is no list. */
export function records(members: Members, name: string): readonly Members[] | undefined {
  const value = own(members, name)
  if (!Array.isArray(value)) return undefined
  return value.filter(
    (item) => typeof item === 'object' && item !== null && !Array.isArray(item),
  ) as Members[]
}

/** A member, whatever it is. */
export function own(members: Members, name: string): unknown {
  return Object.hasOwn(members, name) ? members[name] : undefined
}

/** True for an object that is neither null nor a list: JSON's object, or an options object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member that may be left out, by tokens and by issuers written by hand: what a polluted prototype seems to say of it is nothing. */
export function ownMember<T extends object, Name extends keyof T>(of: T, name: Name): T[Name] | undefined {
  return Object.hasOwn(of, name) ? of[name] : undefined
}
