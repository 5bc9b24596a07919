import { Agent, request } from 'node:http'
import { awaited, type Choice, type Way } from './choice.js'

const METHOD = 'POST'
const BODY = new URLSearchParams({ token: 'x'.repeat(40), token_type_hint: 'access_token' }).toString()
const HEADERS = {
  authorization: `Basic ${Buffer.from('client:secret').toString('base64')}`,
  'content-type': 'application/x-www-form-urlencoded',
  accept: 'application/json',
}

async function withFetch(url: string): Promise<string> {
  const response = await fetch(url, { method: METHOD, headers: HEADERS, body: BODY, redirect: 'manual' })
  return response.text()
}

function withAgent(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { ...HEADERS, 'content-length': BODY.length }
    request(url, { method: METHOD, headers, agent }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => {
        resolve(text)
      })
      response.on('error', reject)
    })
      .on('error', reject)
      .end(BODY)
  })
}

function asking(name: string, create: () => (url: string) => Promise<string>): Way {
  return {
    name,
    make({ issuance }) {
      const ask = create()
      return awaited(() => ask(issuance.jwksUri))
    },
  }
}

/** What an issuer is asked with about a token nothing is remembered of. */
export const httpClient: Choice = {
  id: 'http-client',
  title: 'A question to an issuer on this machine, which answers at once with a small document',
  digits: 0,
  situations: [
    { id: 'one after another', algorithm: 'RS256', mode: 'sequential', perTurn: 1 },
    { id: '64 at once', algorithm: 'RS256', mode: 'at once', perTurn: 1 },
  ],
  ways: [
    asking('`fetch`', () => withFetch),
    asking('`node:http` with a kept-alive agent', () => {
      const agent = new Agent({ keepAlive: true })
      return (url) => withAgent(url, agent)
    }),
  ],
}
