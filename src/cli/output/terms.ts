import type { Command } from '../command.js'
import { COMMANDS } from '../commands/index.js'
import { VARIABLE_NAMES, VARIABLES } from '../input/environment.js'
import { toFlag } from '../input/option.js'

/** Advice of the library about code and processes, and what helps on the command line instead. */
const ADVICE: readonly (readonly [advice: RegExp, instead: string])[] = [
  [/Convert them with .*$/, 'Write the file with line breaks'],
  [/Decrypt it with createPrivateKey.*$/, 'Decrypt it with openssl pkey'],
  [/Remove it with \.trim\(\).*$/, 'Remove it, as "$(cat FILE)" in a shell does'],
  [/While both are being replaced, use certificateFiles\(\)/, 'Set both variables to the files of one pair'],
  [/^is set by the option algorithm$/, 'must not contain alg, which OAUTH_CLIENT_KEY_ALGORITHM sets'],
  [/^is set by the option keyId$/, 'must not contain kid, which OAUTH_CLIENT_KEY_ID sets'],
  [/, unless a custom fetch presents the certificate/, ''],
  [/, or the option fetch(?!;)/, ''],
  [/ca of clientCertificate/, 'OAUTH_TLS_CA_FILE'],
  [/The next request is sent after the backoff/, 'Check the URL and the network, and try again'],
  [/, a KeyObject, a CryptoKey, or \{ alg, kid\?, sign \}/, ''],
]

/** Converts the problem of a `ConfigurationError` to the terms of the command line: flags and environment variables. */
export function inCommandTerms(problem: string, command: Command | undefined): string {
  return withVariables(withFlags(withSettings(withAdvice(problem), command), command), command)
}

/** Replaces the advice of the library. */
export function withAdvice(message: string): string {
  return ADVICE.reduce((text, [advice, instead]) => text.replace(advice, instead), message)
}

/** Replaces options with their values, such as `authentication: 'basic'`, by flags. */
function withSettings(text: string, command: Command | undefined): string {
  return Object.keys(command?.options ?? {}).reduce(
    (line, name) =>
      line
        .replaceAll(new RegExp(`\\b${name}: '([\\w-]+)'`, 'g'), `${toFlag(name)} $1`)
        .replaceAll(`set ${name} to `, `set ${toFlag(name)} to `),
    text,
  )
}

/** Replaces option names by flags in messages such as `accepts token or tokenHash`. */
function withFlags(text: string, command: Command | undefined): string {
  // A camel case name is always an option. `token` is one only if the message lists options.
  const isList = /^(?:requires one of|accepts) /.test(text)
  return Object.keys(command?.options ?? {})
    .filter((name) => isList || /[A-Z]/.test(name))
    .reduce((line, name) => line.replace(new RegExp(`(?<![\\w-])${name}(?![\\w-])`, 'g'), toFlag(name)), text)
}

/**
 * Replaces names such as `serviceAccessToken` by their environment variables. Names that are English words are
 * unchanged.
 */
export function withVariables(message: string, command: Command | undefined): string {
  return VARIABLE_NAMES.filter((name) => VARIABLES[name].vendor === command?.vendor)
    .map((name) => [name, VARIABLES[name].member] as const)
    .filter(([, member]) => /[A-Z]/.test(member))
    .reduce((text, [name, member]) => text.replace(new RegExp(`\\b${member}\\b`, 'g'), name), message)
}

/**
 * Replaces functions such as `secrets.rotateStart` by commands. The operation at the start of a message and names
 * that are English words are unchanged.
 */
export function withCommands(message: string, command: Command | undefined): string {
  return COMMANDS.filter(({ vendor }) => vendor === command?.vendor)
    .flatMap(({ name, functions }) => functions.map((one) => [one, name] as const))
    .filter(([one]) => /[A-Z.]/.test(one))
    .reduce((text, [one, name]) => text.replace(wholeName(one), name), message)
}

/** Matches a whole name: neither the end of `stytchClients.secrets.rotate` nor the start of `secrets.rotateStart`. */
function wholeName(name: string): RegExp {
  return new RegExp(`(?<![\\w.])${name.replaceAll('.', '\\.')}(?!\\w|\\.\\w)`, 'g')
}
