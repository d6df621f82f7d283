// How does a person show who they are?
export function SignIn() {
  return (
    <main className="page empty">
      <h1>Sign in</h1>
      <p>This controller wants to know who looks at it.</p>
      <p>
        <a className="button first" href="/login">
          Sign in
        </a>
      </p>
    </main>
  );
}
