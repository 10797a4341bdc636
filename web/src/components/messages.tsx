import type { Page } from '../page.ts'

/** What has to be told: to everybody as a note that goes by itself, to screen readers also what is only seen. */
export function Messages({ page }: { page: Page }) {
  const { notice, announcement, leftOut } = page.store
  return (
    <div class="messages">
      {leftOut.value.size > 0 && (
        <p class="panel note">More is painted here than fits at once: come closer to see the grey parts.</p>
      )}
      <div role="status" aria-live="polite">
        {notice.value !== undefined && (
          <p class="panel note" data-tone={notice.value.tone} data-testid="notice">
            {notice.value.text}
          </p>
        )}
      </div>
      <p class="hidden" aria-live="polite" data-testid="announcement">
        {announcement.value}
      </p>
    </div>
  )
}
