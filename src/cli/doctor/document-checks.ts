import { readMaxAge } from '../../http/cache-control.js'
import { mediaType } from '../../http/media-type.js'
import { findKeyProblem } from '../../keys/jwk.js'
import { adviceFor } from '../../telemetry/failure-advice.js'
import { isRecord, ownMember } from '../../util/members.js'
import { quote } from '../../util/quote.js'
import type { DoctorContext } from './context.js'
import { failed, passed, skipped, warning, type Finding } from './finding.js'
import type { InspectedIssuer } from './inspected-issuer.js'

const forEachIssuer =
  (find: (inspected: InspectedIssuer) => Finding) =>
  ({ issuers }: DoctorContext): readonly Finding[] =>
    issuers.map(find)

/** Whether the discovery document can be fetched, and names the issuer exactly. */
export const checkDiscovery = forEachIssuer(({ issuer: { name }, metadata }) => {
  if (metadata === undefined) return skipped('no discovery document is needed', name)
  if ('failure' in metadata) return failed(metadata.failure, adviceOn(metadata.failure), name)
  return passed(`${metadata.url}: its issuer is identical to the configured one`, name)
})

/** Whether documents have a media type of JSON. */
export const checkContentTypes = forEachIssuer(({ issuer: { name }, responses }) => {
  const documents = responses.filter(({ status }) => status === 200)
  if (documents.length === 0) return skipped('no document was fetched', name)
  const other = documents.find(({ headers }) => !isJsonType(headers.get('content-type')))
  if (other === undefined) return passed('the documents have a media type of JSON', name)
  return warning(
    `the Content-Type of ${other.url} is ${quote(other.headers.get('content-type') ?? undefined)}`,
    'Check that no proxy or login page responds. Configure the server to send application/json.',
    name,
  )
})

function isJsonType(contentType: string | null): boolean {
  const type = mediaType(contentType ?? '') ?? ''
  return /(?:^|[/+])json$/.test(type) || type.endsWith('jwk-set+json')
}

/** The number of usable keys, and why the others are unusable. */
export const checkKeys = forEachIssuer(({ issuer: { name, jwt }, keySet, metadata }) => {
  const source = jwt?.keys ?? undefined
  if (source === undefined) return skipped('the issuer verifies no JWTs with keys', name)
  if (source.kind === 'pem') return passed('1 configured key', name)
  if (source.kind === 'static') return findingOfKeys(source.jwks, 'the configuration', name)
  if (keySet === undefined)
    return skipped(
      metadata === undefined
        ? 'no keys are fetched'
        : 'the URL of the keys is unknown without discovery document',
      name,
    )
  if ('failure' in keySet) return failed(keySet.failure, adviceOn(keySet.failure), name)
  return findingOfKeys(keySet.value, keySet.url, name)
})

/** Maximum number of unusable keys that are described. */
const MOST_DESCRIBED = 3

function findingOfKeys(document: unknown, where: string, name: string): Finding {
  const entries: unknown = isRecord(document) ? ownMember(document, 'keys') : undefined
  if (!Array.isArray(entries))
    return failed(`${where} has no list of keys`, adviceOn('the key set has no list of keys'), name)
  const problems = (entries as readonly unknown[]).flatMap((entry) => {
    const problem = findKeyProblem(entry)
    return problem === undefined ? [] : [`the key ${quote(kidOf(entry))} is not used: ${problem}`]
  })
  const usable = entries.length - problems.length
  const listed = `${where} lists ${entries.length} ${entries.length === 1 ? 'key' : 'keys'}, ${usable} usable`
  const described = [listed, ...problems.slice(0, MOST_DESCRIBED)].join('; ')
  const detail = problems.length > MOST_DESCRIBED ? `${described}; …` : described
  if (usable === 0) return failed(detail, adviceOn('no usable key'), name)
  return passed(detail, name)
}

function kidOf(entry: unknown): unknown {
  return isRecord(entry) ? ownMember(entry, 'kid') : undefined
}

/** Seconds below which `max-age` has no further effect: see `KeyOptions.lifetime`. */
const SHORTEST_LIFETIME = 60

/** The time for which the key set may be cached. */
export const checkKeyCache = forEachIssuer(({ issuer: { name }, keySet }) => {
  if (keySet === undefined || 'failure' in keySet) return skipped('no key set was fetched', name)
  const maxAge = readMaxAge(keySet.headers)
  if (maxAge === undefined) return passed('no Cache-Control: the keys are used for keys.lifetime', name)
  if (maxAge >= SHORTEST_LIFETIME) return passed(`the keys may be cached for ${maxAge} s`, name)
  return warning(
    `Cache-Control allows ${maxAge} s, so the keys are fetched every ${SHORTEST_LIFETIME} s`,
    'Configure the issuer, or the proxy before it, to allow its keys to be cached for some minutes.',
    name,
  )
})

/** Compares the clock of this machine with the `Date` headers of the issuers. */
export function checkClock({ issuers, toleranceSeconds }: DoctorContext): readonly Finding[] {
  return issuers.map(({ issuer: { name }, responses }) => {
    const ahead = responses.map(({ secondsAhead }) => secondsAhead).filter((seconds) => seconds !== undefined)
    const [first] = ahead
    if (first === undefined) return skipped('no response has a Date header', name)
    const furthest = ahead.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), first)
    const difference = `${Math.abs(Math.round(furthest))} s ${furthest > 0 ? 'behind' : 'ahead of'}`
    // The header has a resolution of one second.
    if (Math.abs(furthest) <= toleranceSeconds + 1)
      return passed(`the clocks differ by less than clockTolerance (${toleranceSeconds} s) and 1 s`, name)
    return failed(
      `the clock of this machine is ${difference} the clock of the issuer, and clockTolerance is ${toleranceSeconds} s`,
      'Synchronize the clock of this machine, by NTP. If it is right, the clock of the issuer or of a proxy is wrong.',
      name,
    )
  })
}

function adviceOn(failure: string): string {
  return `${adviceFor(failure) || 'Set the option that the message names'}.`
}
