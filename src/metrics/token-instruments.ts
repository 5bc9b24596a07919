import type { Instrument } from './instruments.js'

/** All metrics of a token source. */
export const TOKEN_INSTRUMENTS = {
  requestDuration: {
    name: 'm2m_guard.token.request.duration',
    unit: 's',
    description: 'Duration of token requests',
    boundaries: [5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10],
  },
  refusal: {
    name: 'm2m_guard.token.refusal',
    unit: '{refusal}',
    description: 'Number of tokens that an API refused',
  },
  expiry: {
    name: 'm2m_guard.token.expiry',
    unit: 's',
    description: 'Time until the first usable token expires',
  },
  age: {
    name: 'm2m_guard.token.age',
    unit: 's',
    description: 'Age of the oldest usable token',
  },
  health: {
    name: 'm2m_guard.token.health',
    unit: '',
    description: 'Health of the token source: 0 ok, 1 degraded, 2 down',
  },
  count: {
    name: 'm2m_guard.token.count',
    unit: '{token}',
    description: 'Number of audience and scope sets by the state of their token',
  },
} as const satisfies Readonly<Record<string, Instrument>>

/** Names of the attributes of a token source. */
export const TOKEN_ATTRIBUTES = {
  source: 'm2m_guard.token.source',
  trigger: 'm2m_guard.token.trigger',
  state: 'm2m_guard.token.state',
  errorType: 'error.type',
} as const
