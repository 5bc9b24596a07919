import { checkCredentials } from './credential-check.js'
import type { DoctorCheck } from './context.js'
import { checkClock, checkContentTypes, checkDiscovery, checkKeyCache, checkKeys } from './document-checks.js'
import { checkNode } from './node-check.js'
import { checkChallenge, checkHeaderArrives, checkNoStore, checkOpenRoute } from './route-checks.js'
import { checkScopes } from './scope-check.js'
import { checkRevocations } from './store-check.js'

/** Every check of the doctor, in the order of its output. */
export const DOCTOR_CHECKS: readonly DoctorCheck[] = [
  { name: 'node', find: checkNode },
  { name: 'discovery', find: checkDiscovery },
  { name: 'content_type', find: checkContentTypes },
  { name: 'keys', find: checkKeys },
  { name: 'key_cache', find: checkKeyCache },
  { name: 'clock', find: checkClock },
  { name: 'credentials', find: checkCredentials },
  { name: 'scopes', find: checkScopes },
  { name: 'revocations', find: checkRevocations },
  { name: 'open_route', find: checkOpenRoute },
  { name: 'challenge', find: checkChallenge },
  { name: 'no_store', find: checkNoStore },
  { name: 'header', find: checkHeaderArrives },
]
