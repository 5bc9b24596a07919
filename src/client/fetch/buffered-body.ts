/** Largest body of a `Request` in bytes that is kept, so that the request can be sent again. */
const MAX_BUFFERED = 1024 * 1024

/**
 * Reads the body of a `Request` up to a limit, so that it can be sent again. A larger body is returned as a stream, which
 * starts with the part that was read.
 */
export async function bufferBody(
  body: ReadableStream<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>> {
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  for (let size = 0; size <= MAX_BUFFERED;) {
    const { done, value } = await reader.read()
    if (done) return Uint8Array.from(Buffer.concat(chunks))
    chunks.push(value)
    size += value.length
  }
  return new ReadableStream({
    async pull(controller) {
      const buffered = chunks.shift()
      if (buffered !== undefined) {
        controller.enqueue(buffered)
        return
      }
      const { done, value } = await reader.read()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel(reason) {
      await reader.cancel(reason)
    },
  })
}
