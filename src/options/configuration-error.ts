/**
 * Error for an option that is missing, invalid or unknown. The function that receives the option throws it at start; it
 * is never caused by the content of a request. The message names the option and its valid values.
 *
 * @example
 * ```ts
 * try {
 *   createVerifier({ issuers: [] })
 * } catch (error) {
 *   if (error instanceof ConfigurationError) console.error(error.option, error.message)
 * }
 * ```
 */
export class ConfigurationError extends TypeError {
  /** Always `'ConfigurationError'`, also for errors of another copy of this package, where `instanceof` fails. */
  override readonly name = 'ConfigurationError'

  /** Path of the option, such as `issuers[1].audience`. */
  readonly option: string

  /** Creates the error. Its message is `option: problem`. */
  constructor(option: string, problem: string) {
    super(`${option}: ${problem}`)
    this.option = option
  }
}
