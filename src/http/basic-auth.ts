/**
 * The value of an `Authorization` header with a client's id and secret. Form-encoded before base64, as RFC 6749
 * section 2.3.1 demands: a colon in the id must not move the border.
 */
export function basicAuthorization(clientId: string, clientSecret: string): string {
  const pair = `${formEncode(clientId)}:${formEncode(clientSecret)}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

function formEncode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}
