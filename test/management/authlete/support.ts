/** A fault: status 200 with this body. */
export function answering(text: string): { readonly status: 200; readonly body: string } {
  return { status: 200, body: text }
}
