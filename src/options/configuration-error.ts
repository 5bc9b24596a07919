/**
 * An option is missing, wrong or unknown. Thrown at start, by the factory the option was given to;
 * the message names the option and what would be right. Never thrown because of a request.
 */
export class ConfigurationError extends TypeError {
  override readonly name = 'ConfigurationError'

  /** The option the error is about, as a path: `issuers[1].audience`. */
  readonly option: string

  constructor(option: string, problem: string) {
    super(`${option}: ${problem}`)
    this.option = option
  }
}
