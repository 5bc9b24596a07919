/** Options of which these are required. */
export type Requiring<Options, Names extends keyof Options> = {
  readonly [Name in Names]-?: Exclude<Options[Name], undefined>
}

/** Options of which none may be set, because they have no effect together with the others. */
export type Without<Names extends PropertyKey> = Readonly<Partial<Record<Names, never>>>
