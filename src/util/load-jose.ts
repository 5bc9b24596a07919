type Jose = typeof import('jose')

let loading: Promise<Jose> | undefined

/** jose, loaded once it is needed: most processes never need it, and it takes longer to load than all the rest. */
export function loadJose(): Promise<Jose> {
  return (loading ??= import('jose').catch((error: unknown) => {
    // What kept it from loading, such as too many open files, may be over the next time.
    loading = undefined
    throw error
  }))
}
