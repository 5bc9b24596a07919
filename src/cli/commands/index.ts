import { AUTHLETE_COMMANDS } from './authlete.js'
import { AUTHLETE_REMOVALS } from './authlete-revoke.js'
import { CLERK_COMMANDS } from './clerk.js'
import type { Command } from '../command.js'
import { DOCTOR_COMMANDS } from './doctor.js'
import { EXPLAIN_COMMANDS } from './explain.js'
import { ISSUER_COMMANDS } from './issuer.js'
import { OAUTH_COMMANDS } from './oauth.js'
import { REVOCATION_COMMANDS } from './revocations.js'
import { STYTCH_COMMANDS } from './stytch.js'

/** All commands. Help, arguments and exit codes follow from the row of a command. */
export const COMMANDS: readonly Command[] = [
  ...CLERK_COMMANDS,
  ...STYTCH_COMMANDS,
  ...AUTHLETE_COMMANDS,
  ...AUTHLETE_REMOVALS,
  ...OAUTH_COMMANDS,
  ...REVOCATION_COMMANDS,
  ...EXPLAIN_COMMANDS,
  ...DOCTOR_COMMANDS,
  ...ISSUER_COMMANDS,
]
