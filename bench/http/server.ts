import { answerMessages } from '../support/child.js'
import type { Issuance } from '../support/tokens.js'
import { servers } from './own-servers.js'
import { ServerProfile } from './profile.js'

/** What the process of a server is told. */
export type ServerMessage =
  { readonly kind: 'start'; readonly issuance: Issuance } | { readonly kind: 'cpu' | 'profile' | 'profiled' }

const [framework, guard] = process.argv.slice(2)

const profile = new ServerProfile()

answerMessages((message: ServerMessage) => {
  switch (message.kind) {
    case 'cpu': {
      const { user, system } = process.cpuUsage()
      return user + system
    }
    case 'profile':
      return profile.start()
    case 'profiled':
      return profile.stop()
    case 'start': {
      const server = servers.find((some) => some.framework === framework && some.guard === guard)
      return server?.start(message.issuance)
    }
  }
})
