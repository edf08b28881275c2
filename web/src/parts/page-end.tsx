// The end of a list that comes page by page: what went wrong, that there is nothing, or the way on.
interface Props {
  fault: string | undefined;
  isAsking: boolean;
  count: number;
  nothing: string;
  hasMore: boolean;
  onMore: () => void;
}

export function PageEnd({ fault, isAsking, count, nothing, hasMore, onMore }: Props) {
  return (
    <div class="page-end" aria-live="polite">
      {fault !== undefined && <p class="trouble-text">{fault}</p>}
      {fault === undefined && !isAsking && count === 0 && <p class="muted">{nothing}</p>}
      {hasMore && (
        <button type="button" class="quiet" disabled={isAsking} onClick={onMore}>
          Show earlier ones
        </button>
      )}
    </div>
  );
}
