import type { DoctorContext } from './context.js'
import { failed, passed, warning, type Finding } from './finding.js'

/** Last day with security fixes per line of Node (github.com/nodejs/Release). */
const END_OF_LIFE: Readonly<Record<string, string>> = {
  20: '2026-04-30',
  22: '2027-04-30',
  24: '2028-04-30',
  26: '2029-04-30',
}

const UPGRADE = 'Upgrade to a line of Node with long-term support: 24 or newer.'

/** Compares the version of Node with the supported lines and their end of life. */
export function checkNode({
  nodeVersion,
  now,
}: Pick<DoctorContext, 'nodeVersion' | 'now'>): readonly Finding[] {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19))
    return [failed(`Node ${nodeVersion} is older than 20.19, the oldest that is supported`, UPGRADE)]
  const end = END_OF_LIFE[major]
  if (end === undefined)
    return [warning(`Node ${nodeVersion} is not of a line that is known to have long-term support`, UPGRADE)]
  if (now() > Date.parse(`${end}T23:59:59Z`))
    return [warning(`Node ${nodeVersion}: this line has had no security fixes since ${end}`, UPGRADE)]
  return [passed(`Node ${nodeVersion}: this line has security fixes until ${end}`)]
}
