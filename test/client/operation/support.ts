import { onTestFinished, vi } from 'vitest'

export const HOUR = 3600

/** The process warnings during a test. */
export function warnings(): readonly string[] {
  const seen: string[] = []
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void seen.push(String(warning)))
  onTestFinished(() => void vi.restoreAllMocks())
  return seen
}
