import { answerMessages } from '../support/child.js'
import { CpuProfile } from '../support/cpu-profile.js'
import type { Issuance } from '../support/tokens.js'
import { servers, sharesOf } from './own-servers.js'

/** The messages to the process of a server. */
export type ServerMessage =
  { readonly kind: 'start'; readonly issuance: Issuance } | { readonly kind: 'cpu' | 'profile' | 'profiled' }

const [framework, guard] = process.argv.slice(2)
const profile = new CpuProfile()

answerMessages(async (message: ServerMessage) => {
  if (message.kind === 'profile') return profile.start()
  if (message.kind === 'profiled') return sharesOf(await profile.stop())
  if (message.kind === 'start') {
    const server = servers.find((some) => some.framework === framework && some.guard === guard)
    return (await server?.start(message.issuance))?.port
  }
  const { user, system } = process.cpuUsage()
  return user + system
})
