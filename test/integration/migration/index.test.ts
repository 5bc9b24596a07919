import { expect, it } from 'vitest'
import { runBlock, type Run } from '../docs/programs/run.js'
import { blocksOf, readPaper, sectionOf } from '../docs/programs/support.js'

const INDEX = 'docs/migration/README.md'

function programIn(section: string): Promise<Run> {
  const text = sectionOf(readPaper(INDEX), section)
  const [program] = blocksOf(INDEX).filter((block) => text.includes(block.text))
  return runBlock(program!)
}

it('an optional token: a request without a token passes, and one with an invalid token is refused', async () => {
  const { issuer, urls } = await programIn('Optional tokens')
  const send = async (headers: Record<string, string>): Promise<unknown> => {
    const response = await fetch(`${urls[0]!}/catalog`, { headers })
    return response.ok ? response.json() : response.status
  }
  const token = issuer.mintJwt({ clientId: 'billing' })
  expect(await send({})).toEqual({ client: 'anonymous' })
  expect(await send({ authorization: `Bearer ${token}` })).toEqual({ client: 'billing' })
  expect(await send({ authorization: `Bearer ${issuer.mintJwt({ audience: 'other' })}` })).toBe(401)
  expect(await send({ authorization: 'Basic YTpi' })).toEqual({ client: 'anonymous' })
})

it('a token in another header: the response has the status and the challenge of the refusal', async () => {
  const { issuer, urls } = await programIn('Tokens in other places')
  const send = (token: string): Promise<Response> =>
    fetch(`${urls[0]!}/legacy/orders`, { headers: { 'x-service-token': token } })
  expect((await send(issuer.mintJwt({ scopes: 'orders:read' }))).status).toBe(200)
  const refused = await send(issuer.mintJwt({ scopes: 'orders:write' }))
  expect(refused.status).toBe(403)
  expect(refused.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
  expect((await fetch(`${urls[0]!}/legacy/orders`)).status).toBe(401)
})

it('a list of revoked tokens: tokens that are not in it pass', async () => {
  const { issuer, urls } = await programIn('A list of revoked tokens')
  const send = async (claims: Record<string, unknown>): Promise<number> => {
    const headers = { authorization: `Bearer ${issuer.mintJwt({ claims })}` }
    return (await fetch(`${urls[0]!}/orders`, { headers })).status
  }
  expect(await send({ jti: 'not-revoked' })).toBe(200)
  expect(await send({ jti: undefined })).toBe(403)
})
