import { describe, expect, it } from 'vitest'
import { stytchClients, type StytchClient, type StytchClients } from '../../../src/management/index.js'
import { ID, LIFE, SECRET, type M2M, type Operation } from './stytch-life.js'
import { stytchClient, stytchSdkBed, verdict, type StytchSdkBed } from './stytch-sdk.js'
import { startRecorder, type Recorder } from './stytch-recorder.js'

interface BothSides {
  readonly theirs: M2M
  readonly ours: StytchClients
  readonly recorder: Recorder
  readonly bed: StytchSdkBed
}

/** Stytch's own client and ours, of one project, seen by a recorder on their way to the test issuer. */
async function bothSides(): Promise<BothSides> {
  const bed = await stytchSdkBed()
  const recorder = await startRecorder(bed.issuer.endpoints.stytch)
  const { projectId, secret } = bed.issuer.stytchProject
  return {
    theirs: stytchClient({ ...bed.issuer, endpoints: { ...bed.issuer.endpoints, stytch: recorder.url } }),
    ours: stytchClients({ projectId, secret, apiUrl: recorder.url, clock: () => Date.now() }),
    recorder,
    bed,
  }
}

describe('the same life on both sides', () => {
  it('is the same on the wire: method, path, credentials and body of every call', async () => {
    const { theirs, ours, recorder, bed } = await bothSides()
    const { projectId, secret } = bed.issuer.stytchProject
    const basic = `Basic ${Buffer.from(`${projectId}:${secret}`).toString('base64')}`
    const sent: Record<'theirs' | 'ours', Record<string, unknown>> = { theirs: {}, ours: {} }
    for (const [step, operation] of Object.entries(LIFE)) {
      await operation.theirs(theirs)
      sent.theirs[step] = recorder.take()
    }
    for (const [step, operation] of Object.entries(LIFE)) {
      await operation.ours(ours)
      sent.ours[step] = recorder.take()
    }
    expect(sent.ours).toEqual(sent.theirs)
    expect(sent.ours['get']).toEqual([
      {
        method: 'GET',
        path: '/v1/m2m/clients/imported%2F1%20%C3%BC',
        authorization: basic,
        contentType: undefined,
        body: undefined,
      },
    ])
    expect(sent.ours['token']).toEqual([
      {
        method: 'POST',
        path: `/v1/public/${projectId}/oauth2/token`,
        authorization: undefined,
        contentType: 'application/x-www-form-urlencoded',
        body: {
          grant_type: 'client_credentials',
          client_id: ID,
          client_secret: SECRET,
          scope: 'read:users',
        },
      },
    ])
  })

  it('reads the same of every response', async () => {
    const { theirs, ours } = await bothSides()
    const same = async (): Promise<StytchClient> => {
      const { m2m_client: client } = await theirs.clients.get({ client_id: ID })
      const own = await ours.get({ clientId: ID })
      expect({
        client_id: own.clientId,
        client_name: own.clientName,
        client_description: own.clientDescription,
        status: own.status,
        scopes: own.scopes,
        client_secret_last_four: own.clientSecretLastFour,
        next_client_secret_last_four: own.nextClientSecretLastFour,
        trusted_metadata: own.trustedMetadata,
      }).toEqual(client)
      return own
    }
    await LIFE['create']!.ours(ours)
    expect((await same()).status).toBe('active')
    await LIFE['update']!.theirs(theirs)
    expect((await same()).trustedMetadata).toEqual({ nested: { list: [1, null] } })
    await LIFE['rotateStart']!.theirs(theirs)
    expect((await same()).nextClientSecretLastFour).toHaveLength(4)
    await LIFE['rotate']!.ours(ours)
    expect((await same()).nextClientSecretLastFour).toBeNull()
    await LIFE['deactivate']!.theirs(theirs)
    expect((await same()).status).toBe('inactive')
  })

  it('a search gives the same clients, page for page', async () => {
    const { theirs, ours, bed } = await bothSides()
    for (let made = 0; made < 24; made += 1)
      bed.issuer.addClient({ provider: 'stytch', clientId: `c-${made}` })
    const their: string[][] = []
    let cursor: string | undefined
    do {
      const page = await theirs.clients.search({ limit: 10, ...(cursor === undefined ? {} : { cursor }) })
      their.push(page.m2m_clients.map(({ client_id }) => client_id))
      cursor = page.results_metadata.next_cursor ?? undefined
    } while (cursor !== undefined)
    const our: string[][] = []
    for await (const { items } of ours.search({ limit: 10 }).pages())
      our.push(items.map(({ clientId }) => clientId))
    expect(our).toEqual(their)
    expect(our.map(({ length }) => length)).toEqual([10, 10, 5])
  })
})

describe('what one side makes, the other uses', () => {
  it('clients, secrets and tokens of theirs are good for ours', async () => {
    const { theirs, ours } = await bothSides()
    const { m2m_client: client } = await theirs.clients.create({ scopes: ['read:users'] })
    const clientId = client.client_id
    const first = await ours.token({ clientId, clientSecret: client.client_secret })
    expect(await verdict(theirs, first.token, { required_scopes: ['read:users'] })).toBe('accepted')
    const { m2m_client: started } = await theirs.clients.secrets.rotateStart({ client_id: clientId })
    await ours.secrets.rotate({ clientId })
    const second = await theirs.token({ client_id: clientId, client_secret: started.next_client_secret })
    expect(await ours.authenticateToken({ token: second.access_token, scopes: 'read:users' })).toMatchObject({
      clientId,
      scopes: ['read:users'],
      customClaims: {},
    })
    await ours.delete({ clientId })
    await expect(theirs.clients.get({ client_id: clientId })).rejects.toMatchObject({ status_code: 404 })
  })

  it('clients, secrets and tokens of ours are good for theirs', async () => {
    const { theirs, ours } = await bothSides()
    const { clientId, clientSecret } = await ours.create({ scopes: ['read:users'] })
    const { access_token } = await theirs.token({ client_id: clientId, client_secret: clientSecret })
    expect(await ours.authenticateToken({ token: access_token })).toMatchObject({ clientId })
    const { nextClientSecret } = await ours.secrets.rotateStart({ clientId })
    await theirs.clients.secrets.rotate({ client_id: clientId })
    const { token: accessToken } = await ours.token({ clientId, clientSecret: nextClientSecret })
    expect(await theirs.authenticateToken({ access_token: accessToken })).toMatchObject({
      client_id: clientId,
      scopes: ['read:users'],
      custom_claims: {},
    })
    await theirs.clients.update({ client_id: clientId, status: 'inactive' })
    await expect(ours.token({ clientId, clientSecret: nextClientSecret })).rejects.toMatchObject({
      status: 401,
    })
  })
})

describe('a failure', () => {
  it.each<[string, Operation]>([
    [
      'an unknown client',
      {
        theirs: (m2m) => m2m.clients.get({ client_id: 'nobody' }),
        ours: (clients) => clients.get({ clientId: 'nobody' }),
      },
    ],
    [
      'a rotation that was not started',
      {
        theirs: (m2m) => m2m.clients.secrets.rotate({ client_id: ID }),
        ours: (clients) => clients.secrets.rotate({ clientId: ID }),
      },
    ],
    ['an id that is taken', LIFE['create']!],
    [
      'a wrong secret',
      {
        theirs: (m2m) => m2m.token({ client_id: ID, client_secret: 'x' }),
        ours: (clients) => clients.token({ clientId: ID, clientSecret: 'x' }),
      },
    ],
    [
      'a foreign scope',
      {
        theirs: (m2m) => m2m.token({ client_id: ID, client_secret: SECRET, scopes: ['x'] }),
        ours: (clients) => clients.token({ clientId: ID, clientSecret: SECRET, scopes: 'x' }),
      },
    ],
  ])('has the same status and code on both sides: %s', async (_, operation) => {
    const { theirs, ours } = await bothSides()
    await LIFE['create']!.theirs(theirs)
    const failure = (work: PromiseLike<unknown>): Promise<Record<string, unknown>> =>
      Promise.resolve(work).then(
        () => expect.fail('it did not fail'),
        (error: unknown) => error as Record<string, unknown>,
      )
    const their = await failure(operation.theirs(theirs))
    const our = await failure(operation.ours(ours))
    expect([our['status'], our['code']]).toEqual([their['status_code'], their['error_type']])
    expect(their['error_type']).toEqual(expect.any(String))
  })
})

describe('a token that is authenticated', () => {
  it.each([
    ['read:users', { required_scopes: ['read:users'] }, { scopes: ['read:users'] }, 'accepted'],
    ['read:*', { required_scopes: ['read:users'] }, { scopes: ['read:users'] }, 'accepted'],
    ['read:users', { required_scopes: ['write:users'] }, { scopes: ['write:users'] }, 'refused'],
    ['read:users', { required_scopes: [] }, { scopes: [] }, 'accepted'],
    ['read:users', { max_token_age_seconds: 60 }, { maxTokenAge: 60 }, 'refused'],
    ['read:users', { max_token_age_seconds: 61 }, { maxTokenAge: 61 }, 'accepted'],
    ['read:users', { max_token_age_seconds: 0 }, { maxTokenAge: 0 }, 'refused'],
  ])('%s with %j is %#', async (scopes, their, our, expected) => {
    const { theirs, ours, bed } = await bothSides()
    const token = bed.mint({ scopes })
    bed.pass(60)
    const own = await ours.authenticateToken({ token, ...our }).then(
      () => 'accepted',
      () => 'refused',
    )
    const theirVerdict = (await verdict(theirs, token, their)) === 'accepted' ? 'accepted' : 'refused'
    expect([own, theirVerdict]).toEqual([expected, expected])
  })

  it('a custom scope function decides on both sides', async () => {
    const { theirs, ours, bed } = await bothSides()
    const token = bed.mint({ scopes: 'admin' })
    const isAdmin = (scopes: readonly string[]): boolean => scopes.includes('admin')
    const demands = { access_token: token, required_scopes: ['read:users'] }
    const their = await theirs.authenticateToken(demands, ({ hasScopes }) => isAdmin(hasScopes))
    const our = await ours.authenticateToken({
      token,
      scopes: ['read:users'],
      checkScopes: ({ granted }) => isAdmin(granted),
    })
    expect([our.clientId, our.scopes]).toEqual([their.client_id, their.scopes])
  })
})
