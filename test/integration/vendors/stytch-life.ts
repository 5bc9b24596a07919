import type { StytchClients } from '../../../src/management/index.js'
import type { stytchClient } from './stytch-sdk.js'

/** Stytch's own client. */
export type M2M = ReturnType<typeof stytchClient>

/** With all that a path must not take for its own. */
export const ID = 'imported/1 ü'
export const SECRET = 'correct horse battery staple'

/** An operation, as each side is called for it. */
export interface Operation {
  readonly theirs: (m2m: M2M) => Promise<unknown>
  readonly ours: (clients: StytchClients) => PromiseLike<unknown>
}

/** One life of a client, step by step. */
export const LIFE: Readonly<Record<string, Operation>> = {
  create: {
    theirs: (m2m) =>
      m2m.clients.create({
        client_id: ID,
        client_secret: SECRET,
        client_name: 'billing',
        client_description: 'Sends invoices',
        scopes: ['read:users', 'write:users'],
        trusted_metadata: { team: 'money', nested: { list: [1, null] } },
      }),
    ours: (clients) =>
      clients.create({
        clientId: ID,
        clientSecret: SECRET,
        clientName: 'billing',
        clientDescription: 'Sends invoices',
        scopes: ['read:users', 'write:users'],
        trustedMetadata: { team: 'money', nested: { list: [1, null] } },
      }),
  },
  get: {
    theirs: (m2m) => m2m.clients.get({ client_id: ID }),
    ours: (clients) => clients.get({ clientId: ID }),
  },
  'search for all': {
    theirs: (m2m) => m2m.clients.search({}),
    ours: (clients) => clients.search(),
  },
  search: {
    theirs: (m2m) =>
      m2m.clients.search({
        limit: 5,
        query: {
          operator: 'OR',
          operands: [
            { filter_name: 'client_id', filter_value: [ID] },
            { filter_name: 'client_name', filter_value: ['billing', 'other'] },
            { filter_name: 'scopes', filter_value: ['read:users'] },
          ],
        },
      }),
    ours: (clients) =>
      clients.search({
        limit: 5,
        query: {
          operator: 'OR',
          operands: [
            { filterName: 'client_id', filterValue: [ID] },
            { filterName: 'client_name', filterValue: ['billing', 'other'] },
            { filterName: 'scopes', filterValue: ['read:users'] },
          ],
        },
      }),
  },
  update: {
    theirs: (m2m) =>
      m2m.clients.update({ client_id: ID, scopes: ['read:users'], trusted_metadata: { team: null } }),
    ours: (clients) =>
      clients.update({ clientId: ID, scopes: ['read:users'], trustedMetadata: { team: null } }),
  },
  token: {
    theirs: (m2m) => m2m.token({ client_id: ID, client_secret: SECRET, scopes: ['read:users'] }),
    ours: (clients) => clients.token({ clientId: ID, clientSecret: SECRET, scopes: ['read:users'] }),
  },
  'token for all scopes': {
    theirs: (m2m) => m2m.token({ client_id: ID, client_secret: SECRET }),
    ours: (clients) => clients.token({ clientId: ID, clientSecret: SECRET }),
  },
  rotateStart: {
    theirs: (m2m) => m2m.clients.secrets.rotateStart({ client_id: ID }),
    ours: (clients) => clients.secrets.rotateStart({ clientId: ID }),
  },
  rotateCancel: {
    theirs: (m2m) => m2m.clients.secrets.rotateCancel({ client_id: ID }),
    ours: (clients) => clients.secrets.rotateCancel({ clientId: ID }),
  },
  'rotateStart again': {
    theirs: (m2m) => m2m.clients.secrets.rotateStart({ client_id: ID }),
    ours: (clients) => clients.secrets.rotateStart({ clientId: ID }),
  },
  rotate: {
    theirs: (m2m) => m2m.clients.secrets.rotate({ client_id: ID }),
    ours: (clients) => clients.secrets.rotate({ clientId: ID }),
  },
  deactivate: {
    theirs: (m2m) => m2m.clients.update({ client_id: ID, status: 'inactive' }),
    ours: (clients) => clients.update({ clientId: ID, status: 'inactive' }),
  },
  delete: {
    theirs: (m2m) => m2m.clients.delete({ client_id: ID }),
    ours: (clients) => clients.delete({ clientId: ID }),
  },
}
