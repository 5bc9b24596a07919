import { safeLine } from '../util/quote.js'

/**
 * Returns the message of an error of a client, which may quote a reply of the server. The message of a refused connection is
 * empty in some clients: its code, or the first of its causes, then says what failed. Without full stops at the end, because
 * another sentence may follow.
 */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  const { message, code, errors } = error as Error & { readonly code?: unknown; readonly errors?: unknown }
  const sentence = safeLine(message.trim(), 200).replace(/\.+$/, '')
  if (sentence !== '') return sentence
  if (Array.isArray(errors) && errors[0] instanceof Error) return messageOf(errors[0])
  return typeof code === 'string' && code !== '' ? safeLine(code, 200) : error.name
}
