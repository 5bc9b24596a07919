import autocannon from 'autocannon'

export const CONNECTIONS = 64

/**
 * As many requests as 64 connections get answered, per second. Each connection has its share of the tokens: requests
 * are put together before the first is sent, and a thousand for every connection would take longer than a short round.
 */
export async function saturate(
  port: number,
  headers: readonly string[],
  milliseconds: number,
): Promise<{ readonly perSecond: number; readonly requests: number; readonly refused: number }> {
  let clients = 0
  const result = await autocannon({
    url: `http://127.0.0.1:${port}/`,
    connections: CONNECTIONS,
    duration: milliseconds / 1000,
    // It ends with a sample; with one a second, short rounds would not be short.
    sampleInt: 50,
    setupClient(client) {
      const share = headers.filter((_, index) => headers.length === 1 || index % CONNECTIONS === clients)
      clients += 1
      client.setRequests(
        share.map((authorization) => ({ method: 'GET', path: '/', headers: { authorization } })),
      )
    },
  })
  const { non2xx, errors } = result
  const requests = result['2xx'] + non2xx
  return { perSecond: requests / result.duration, requests, refused: non2xx + errors }
}
