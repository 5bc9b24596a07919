import { answerMessages } from '../support/child.js'
import type { Issuance } from '../support/tokens.js'
import { servers } from './own-servers.js'

/** What the process of a server is told. */
export type ServerMessage = { readonly kind: 'start'; readonly issuance: Issuance } | { readonly kind: 'cpu' }

const [framework, guard] = process.argv.slice(2)

answerMessages((message: ServerMessage) => {
  if (message.kind === 'cpu') {
    const { user, system } = process.cpuUsage()
    return user + system
  }
  const server = servers.find((some) => some.framework === framework && some.guard === guard)
  return server?.start(message.issuance)
})
