let loading: Promise<typeof import('jose')> | undefined

/** jose, loaded once it is needed: most processes never need it, and it takes longer to load than all the rest. */
export function loadJose(): Promise<typeof import('jose')> {
  return (loading ??= import('jose'))
}
