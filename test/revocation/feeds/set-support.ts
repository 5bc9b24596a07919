import { setReceiver, type SetReceiverOptions } from '../../../src/revocation/index.js'
import { NOW } from '../../support/clock.js'
import { bedWithRevocations, post, startSender } from './support.js'

export const TRANSMITTER = 'https://transmitter.example.com'
export const RECEIVER = 'https://orders.internal'
export const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/'
export const OAUTH = 'https://schemas.openid.net/secevent/oauth/event-type/'
export const HEADERS = { 'content-type': 'application/secevent+jwt' }

export async function start(options: Partial<SetReceiverOptions> = {}) {
  const [bed, sender] = [await bedWithRevocations(), await startSender()]
  const receive = setReceiver({
    issuer: TRANSMITTER,
    audience: RECEIVER,
    jwksUri: sender.jwksUri,
    verifier: bed.verifier,
    tokenIssuers: [bed.issuer.url],
    clock: bed.clock,
    ...options,
  })
  const claimsOf = (events: object, more: object = {}) => ({
    iss: TRANSMITTER,
    aud: RECEIVER,
    iat: NOW,
    jti: 'set-1',
    events,
    ...more,
  })
  const send = (claims: object, header: object = { typ: 'secevent+jwt' }) =>
    post(receive, sender.sign(claims, header), HEADERS)
  return { ...bed, sender, receive, claimsOf, send }
}

export const listed = ({ verifier }: Awaited<ReturnType<typeof start>>) => verifier.revocations!.list()
