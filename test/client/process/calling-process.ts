import { tokenSource, TokenSourceError } from '../../../src/client/index.js'

// A program that calls a token endpoint and awaits at its top level. Nothing else keeps it alive.
const [, , mode = '', tokenEndpoint = ''] = process.argv

let now = Date.now()
const source = tokenSource({
  tokenEndpoint,
  clientId: 'x',
  clientSecret: mode === 'hanging secret' ? () => new Promise<string>(() => undefined) : 'y',
  deadline: mode.startsWith('hanging') ? '1s' : '60s',
  clock: () => now,
})

try {
  await source.getToken()
  console.log('obtained')
} catch (error) {
  console.log(error instanceof TokenSourceError ? error.reason : 'another error')
}
if (mode === 'renewal') {
  now += 3400 * 1000
  // The old token is returned, and the renewal in the background gets no response.
  await source.getToken()
  console.log('renewing')
}
