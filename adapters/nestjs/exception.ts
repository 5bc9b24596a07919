import { HttpException } from '@nestjs/common'
import type { Refusal } from '../../src/model/refusal/refusal.js'

/**
 * Exception of a refused request, which exception filters of Nest receive. Its status and body are those of the refusal. The
 * guard has already set the headers of the refusal on the response: `WWW-Authenticate`, `Retry-After` and `Cache-Control`.
 *
 * @example
 * ```ts
 * const reasonOf = (exception: unknown) =>
 *   exception instanceof RefusalException ? exception.refusal.reason : undefined
 * ```
 */
export class RefusalException extends HttpException {
  /** The refusal. Its `reason` and `detail` are for logs and must not be sent. */
  readonly refusal: Refusal

  /** Creates the exception of a refusal. */
  constructor(refusal: Refusal, body: object) {
    super(body, refusal.status)
    this.name = 'RefusalException'
    this.message = refusal.description
    // Error pages of development modes show the stack. That of a refusal contains no frames.
    this.stack = `${this.name}: ${refusal.description}`
    this.refusal = refusal
  }
}
