export { GatewayDialog } from '../../app/gateway-dialogs';
export { FailureScreen } from './failure-screen';
export { PairingScreen } from './pairing-screen';
