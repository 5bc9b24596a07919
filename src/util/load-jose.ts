type Jose = Pick<typeof import('jose'), 'SignJWT' | 'compactVerify' | 'importJWK'>

let loading: Promise<Jose> | undefined

/**
 * Loads jose on first use, because most processes never need it, and loading it takes longer than all other modules.
 */
export function loadJose(): Promise<Jose> {
  return (loading ??= importJose().catch((error: unknown) => {
    // Loading is retried on the next call, because the cause, such as too many open files, may be temporary.
    loading = undefined
    throw error
  }))
}

/**
 * Names what is used, so that the CommonJS build contains nothing else of jose. `eager` makes webpack and ncc keep it in the
 * same file, because a second file is easily left out of a deployment.
 */
function importJose(): Promise<Jose> {
  return import(/* webpackMode: "eager" */ 'jose').then(({ SignJWT, compactVerify, importJWK }) => ({
    SignJWT,
    compactVerify,
    importJWK,
  }))
}
