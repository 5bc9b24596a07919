import { onTestFinished, vi } from 'vitest'

/** Collects the process warnings of a test as `CODE: message`. They are not printed. */
export function collectWarnings(): readonly string[] {
  const seen: string[] = []
  const emit = vi.spyOn(process, 'emitWarning').mockImplementation((warning, options) => {
    seen.push(`${(options as { readonly code?: string } | undefined)?.code}: ${String(warning)}`)
  })
  onTestFinished(() => {
    emit.mockRestore()
  })
  return seen
}

/** The distinct codes of collected warnings, sorted. */
export function codesOf(warnings: readonly string[]): readonly string[] {
  return [...new Set(warnings.map((warning) => warning.split(':', 1)[0]!))].sort()
}
