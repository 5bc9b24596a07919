import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { describe, expect, it } from 'vitest'
import { guard } from '../../../adapters/fetch.js'
import { instrument, type InstrumentOptions } from '../../../adapters/opentelemetry.js'
import { ConfigurationError, oauth } from '../../../src/index.js'
import { bearer, introspectionBed, testBed } from '../../support/test-bed.js'
import { startSdk } from './sdk.js'
import { instrumented } from './support.js'

describe('spans of OpenTelemetry', () => {
  it('exist for calls to an issuer only, and not for a cached token', async () => {
    const { verifier, jwt, request, spans } = await instrumented()
    const token = jwt()
    await request(() => verifier.authorize(bearer(token)))
    expect(spans().map(({ name }) => name)).toEqual(['m2m_guard.discovery', 'm2m_guard.keys', 'GET /orders'])
    await request(() => verifier.authorize(bearer(token)))
    expect(
      spans()
        .slice(3)
        .map(({ name }) => name),
    ).toEqual(['GET /orders'])
  })

  it('are internal children of the span of the request, with the issuer', async () => {
    const { issuer, verifier, opaque, request, spans } = await instrumented({}, introspectionBed)
    await request(() => verifier.authorize(bearer(opaque())))
    const [call, server] = spans()
    expect(call).toMatchObject({
      name: 'm2m_guard.introspection',
      kind: SpanKind.INTERNAL,
      attributes: { 'm2m_guard.issuer': issuer.url },
      status: { code: SpanStatusCode.UNSET },
    })
    expect(call!.parentSpanContext?.spanId).toBe(server!.spanContext().spanId)
  })

  it('are the parents of the HTTP request to the issuer', async () => {
    const active: (string | undefined)[] = []
    const { tracer, meter, spans, request } = startSdk()
    const bed = await testBed({
      issuers: (by) => [
        // The fetch of an application, in place of an instrumentation of HTTP.
        oauth({
          ...by.oauth(),
          fetch: (...args) => {
            active.push(trace.getSpan(context.active())?.spanContext().spanId)
            return fetch(...args)
          },
        }),
      ],
    })
    instrument(bed.verifier, { tracer, meter })
    await request(() => bed.verifier.authorize(bearer(bed.opaque())))
    const ids = new Map(spans().map((span) => [span.name, span.spanContext().spanId]))
    expect(active).toEqual([ids.get('m2m_guard.discovery'), ids.get('m2m_guard.introspection')])
  })

  it('get the decision as attributes of the active span', async () => {
    const { verifier, jwt, request, spans } = await instrumented()
    await request(() => verifier.authorize(bearer(jwt({ clientId: 'billing' })), { scopes: 'missing' }))
    const server = spans().at(-1)!
    expect(server.attributes).toEqual({
      'm2m_guard.outcome': 'refused',
      'm2m_guard.reason': 'scope_insufficient',
      'm2m_guard.client_id': 'billing',
      'm2m_guard.fingerprint': expect.stringMatching(/^[0-9a-f]{16}$/),
    })
  })

  it('have a client id of one line and at most 100 characters, whatever the token contains', async () => {
    const { verifier, jwt, request, spans } = await instrumented()
    await request(() => verifier.authorize(bearer(jwt({ clientId: `a\n\u001b[2J\u202e${'x'.repeat(500)}` }))))
    const clientId = String(spans().at(-1)!.attributes['m2m_guard.client_id'])
    expect(clientId).toMatch(/^a\\u000a\\u001b\[2J\\u202ex{10,}…$/)
    expect(clientId).toHaveLength(100)
  })

  it('have no client id with clientId: false', async () => {
    const { verifier, jwt, request, spans } = await instrumented({ clientId: false })
    await request(() => verifier.authorize(bearer(jwt({ clientId: 'billing' }))))
    expect(spans().at(-1)!.attributes).not.toHaveProperty(['m2m_guard.client_id'])
  })

  it('a refusal never marks a span as an error', async () => {
    const { verifier, jwt, request, spans } = await instrumented()
    for (const token of [jwt({ audience: 'other' }), 'unknown', jwt({ expiresIn: -100 })])
      await request(() => verifier.authorize(bearer(token)))
    expect(spans().map(({ status }) => status.code)).not.toContain(SpanStatusCode.ERROR)
  })

  it('a request that cannot be decided marks the span of the call and that of the request', async () => {
    const { issuer, verifier, opaque, request, spans } = await instrumented({}, introspectionBed)
    issuer.fail('introspection', 401)
    await request(() => verifier.authorize(bearer(opaque())))
    expect(spans().map(({ name, status }) => [name, status])).toEqual([
      ['m2m_guard.introspection', { code: SpanStatusCode.ERROR, message: 'issuer_refused_us' }],
      ['GET /orders', { code: SpanStatusCode.ERROR, message: 'issuer_refused_us' }],
    ])
    expect(spans()[0]!.attributes).toMatchObject({ 'error.type': 'issuer_refused_us' })
  })

  it('in report mode the request passes, so its span is not marked', async () => {
    const { issuer, verifier, opaque, request, spans } = await instrumented({}, introspectionBed)
    issuer.fail('introspection', 401)
    const report = guard(verifier, undefined, { mode: 'report' })
    await request(async () => report(new Request('http://localhost/orders', bearer(opaque()))))
    expect(spans().at(-1)).toMatchObject({
      name: 'GET /orders',
      status: { code: SpanStatusCode.UNSET },
      attributes: { 'm2m_guard.outcome': 'undecidable' },
    })
  })

  it('the continuation of a request has its own span as the active one, not that of a shared call', async () => {
    const { verifier, opaque, request } = await instrumented({}, introspectionBed)
    const token = opaque()
    const after = await Promise.all(
      [1, 2].map(() =>
        request(async () => {
          const before = trace.getActiveSpan()
          await verifier.authorize(bearer(token))
          return [before, trace.getActiveSpan()]
        }),
      ),
    )
    for (const [before, active] of after) expect(active).toBe(before)
    expect(after[0]![0]).not.toBe(after[1]![0])
  })

  it('contain no token', async () => {
    const { verifier, opaque, request, spans } = await instrumented({}, introspectionBed)
    const token = opaque()
    await request(() => verifier.authorize({ method: 'GET', url: `/orders/${token}`, ...bearer(token) }))
    const printed = spans().map(({ name, attributes, status, events }) => ({
      name,
      attributes,
      status,
      events,
    }))
    expect(JSON.stringify(printed)).not.toContain(token)
  })
})

describe('the options of instrument()', () => {
  it.each<[string, unknown, string]>([
    ['an unknown place of client ids', { clientId: 'metrics' }, 'instrument.clientId'],
    ['an allow-list without clients', { clientId: 'metric-allowlist' }, 'instrument.clients'],
    ['clients without an allow-list', { clients: ['billing'] }, 'instrument.clients'],
    ['an empty allow-list', { clientId: 'metric-allowlist', clients: [] }, 'instrument.clients'],
    ['an unknown option', { clientIds: false }, 'instrument.clientIds'],
    ['a meter that is not an object', { meter: 'meter' }, 'instrument.meter'],
  ])('refuse %s', async (_, options, option) => {
    const { verifier } = await testBed()
    const start = () => instrument(verifier, options as InstrumentOptions)
    expect(start).toThrow(ConfigurationError)
    expect(start).toThrow(option)
  })

  it('refuse a value that is not a verifier', () => {
    expect(() => instrument({} as never)).toThrow('Pass the result of createVerifier()')
  })

  it('are optional: without an SDK nothing is recorded and nothing fails', async () => {
    const { verifier, outcome, jwt } = await testBed()
    const stop = instrument(verifier)
    expect(await outcome(jwt())).toBe('accepted')
    stop()
  })
})
