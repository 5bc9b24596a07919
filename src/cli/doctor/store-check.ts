import { causeOf } from '../../model/refusal/refusal.js'
import type { DoctorContext } from './context.js'
import { failed, passed, skipped, warning, type Finding } from './finding.js'

const CONNECT =
  'Connect the client before the config exports the verifier, with await client.connect(). Check the address and the credentials of the store.'

/** Reads the revocations from their store. */
export async function checkRevocations({ verifier, now }: DoctorContext): Promise<readonly Finding[]> {
  const { revocations } = verifier
  if (revocations === undefined) return [skipped('the verifier has no revocations')]
  try {
    await revocations.ready()
  } catch (error) {
    return [failed(`the revocations cannot be read: ${causeOf(error)}`, CONNECT)]
  }
  const { status, entries, asOf, failure } = revocations.health()
  const age = asOf === undefined ? '' : `, read ${Math.max(0, now() / 1000 - asOf).toFixed(1)} s ago`
  const found = `${entries} ${entries === 1 ? 'entry' : 'entries'}${age}`
  if (status === 'ok') return [passed(found)]
  return [warning(`${found}: ${failure ?? 'the last reading is too old'}`, CONNECT)]
}
