type Jose = typeof import('jose')

let loading: Promise<Jose> | undefined

/**
 * Loads jose on first use, because most processes never need it, and loading it takes longer than all other modules.
 */
export function loadJose(): Promise<Jose> {
  return (loading ??= import('jose').catch((error: unknown) => {
    // Loading is retried on the next call, because the cause, such as too many open files, may be temporary.
    loading = undefined
    throw error
  }))
}
